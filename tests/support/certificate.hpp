// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A certificate that signs itself, made for one test.
*/

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace support {

/// A certificate and its key, as PEM.
struct certificate {
    std::string chain;
    std::string key;
};

/** A certificate for an hour.

    @param subject as in "DNS:localhost" or "IP:127.0.0.1"
*/
inline certificate make_certificate(char const* subject) {
    auto const check = [](bool ok) {
        if (!ok) throw std::runtime_error("the certificate could not be made");
    };
    auto const text = [&](BIO* to) {
        char* data = nullptr;
        auto const size = BIO_get_mem_data(to, &data);
        return std::string(data, static_cast<std::size_t>(size));
    };
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"),
                                                                  &EVP_PKEY_free);
    std::unique_ptr<X509, decltype(&X509_free)> const made(X509_new(), &X509_free);
    check(key && made);
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<unsigned char const*>("test"), -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    for (auto const& [id, value] :
         {std::pair{NID_subject_alt_name, subject}, {NID_basic_constraints, "critical,CA:TRUE"}}) {
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
        check(extension && X509_add_ext(made.get(), extension, -1) == 1);
        X509_EXTENSION_free(extension);
    }
    check(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);

    std::unique_ptr<BIO, decltype(&BIO_free)> const chain(BIO_new(BIO_s_mem()), &BIO_free);
    std::unique_ptr<BIO, decltype(&BIO_free)> const secret(BIO_new(BIO_s_mem()), &BIO_free);
    check(PEM_write_bio_X509(chain.get(), made.get()) == 1);
    check(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                   nullptr) == 1);
    return {text(chain.get()), text(secret.get())};
}

}  // namespace support
