// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/content_coding.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace hh = httphooks;
using hh::http::decoded;

namespace {

/// How many encoders and decoders there are, and how many were made.
struct census {
    int alive = 0;
    int made = 0;
};

/// Writes each byte twice.
class twice_encoder final : public hh::http::content_encoder {
public:
    explicit twice_encoder(std::shared_ptr<census> c) : census_(std::move(c)) {
        ++census_->alive;
        ++census_->made;
    }
    ~twice_encoder() override { --census_->alive; }

    void begin() override { held_.clear(); }
    void write(std::string_view bytes, std::string&) override {
        for (char const c : bytes) held_.append(2, c);
    }
    void flush(std::string& out) override { out += std::exchange(held_, {}); }
    void end(std::string& out) override { flush(out); }

private:
    std::shared_ptr<census> census_;
    std::string held_{};
};

class twice_decoder final : public hh::http::content_decoder {
public:
    void begin() override { half_.clear(); }
    decoded write(std::string_view bytes, std::uint64_t most, std::string& out) override {
        half_ += bytes;
        while (half_.size() > 1) {
            if (half_[0] != half_[1]) return decoded::broken;
            if (most-- == 0) return decoded::too_big;
            out += half_[0];
            half_.erase(0, 2);
        }
        return decoded::good;
    }
    bool whole() const noexcept override { return half_.empty(); }

private:
    std::string half_{};
};

class twice final : public hh::http::content_coding {
public:
    explicit twice(std::string name = "x-twice") : content_coding(std::move(name)) {}
    std::shared_ptr<census> const counts = std::make_shared<census>();

private:
    std::unique_ptr<hh::http::content_encoder> make_encoder() const override {
        return std::make_unique<twice_encoder>(counts);
    }
    std::unique_ptr<hh::http::content_decoder> make_decoder() const override {
        return std::make_unique<twice_decoder>();
    }
};

}  // namespace

TEST_CASE("a coding of one's own encodes and decodes whole bodies") {
    twice const coding;
    CHECK(coding.name() == "x-twice");
    std::string out = ">";
    coding.encode("abc", out);
    CHECK(out == ">aabbcc");
    std::string back;
    CHECK(coding.decode("aabbcc", 3, back) == decoded::good);
    CHECK(back == "abc");
    CHECK(coding.decode("aabbcc", 2, back) == decoded::too_big);
    CHECK(coding.decode("aabc", 9, back) == decoded::broken);
    CHECK(coding.decode("aab", 9, back) == decoded::broken);
}

TEST_CASE("an encoder is used again by its thread, and begins anew") {
    twice const coding;
    {
        auto const e = coding.encoder();
        std::string out;
        e->write("left behind", out);
        CHECK(out.empty());
    }
    for (int i = 0; i < 5; ++i) {
        std::string out;
        coding.encode("x", out);
        CHECK(out == "xx");
    }
    CHECK(coding.counts->made == 1);
    CHECK(coding.counts->alive == 1);
}

TEST_CASE("several encoders may be at work, and few of those that have ended are kept") {
    twice const coding;
    std::vector<hh::http::content_encoder_ptr> many;
    std::string out;
    for (int i = 0; i < 20; ++i) {
        many.push_back(coding.encoder());
        many.back()->write(std::string(1, static_cast<char>('a' + i)), out);
    }
    for (int i = 0; i < 20; ++i) {
        std::string end;
        many[static_cast<std::size_t>(i)]->end(end);
        CHECK(end == std::string(2, static_cast<char>('a' + i)));
    }
    many.clear();
    CHECK(coding.counts->alive == 4);
}

TEST_CASE("codings do not get encoders of each other") {
    twice const one;
    twice const other;
    std::string out;
    one.encode("x", out);
    other.encode("x", out);
    CHECK(one.counts->made == 1);
    CHECK(other.counts->made == 1);
}

TEST_CASE("a coding's name is a token") {
    CHECK_THROWS_AS(twice(""), std::invalid_argument);
    CHECK_THROWS_AS(twice("a b"), std::invalid_argument);
    CHECK_THROWS_AS(twice("a,b"), std::invalid_argument);
}
