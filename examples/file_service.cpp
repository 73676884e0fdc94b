// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Files that are uploaded by a form and served again, with a page of one's own in front. Arguments:
// the port (8080), and a folder for the uploads (a temporary one).
//
// curl: / => <input type=file
// curl: -F file=@file_service.cpp /files => /files/file_service.cpp
// curl: -r 3-13 /files/file_service.cpp => Distributed
// curl: -F "file=@file_service.cpp;filename=.." /files => {"error":"this is no name for a file"}
// curl: -d file=text /files => {"error":"send a file"}
// curl: /files/missing => Not Found

#include <httphooks.hpp>
#include <httphooks/form_data.hpp>
#include <httphooks/http/static_files.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

namespace hh = httphooks;

constexpr std::string_view page =
    "<!doctype html><form action=files method=post enctype=multipart/form-data>"
    "<input type=file name=file><button>Send</button></form>";

/// A name that stays within the folder.
std::string checked_name(std::string_view name) {
    bool const good = !name.empty() && name.front() != '.' && name.size() <= 100 &&
                      name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
    if (!good) throw hh::http_error(hh::status::bad_request, "this is no name for a file");
    return std::string(name);
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    auto const folder = argc > 2 ? std::filesystem::path(argv[2])
                                 : std::filesystem::temp_directory_path() /
                                       ("file_service-" + std::to_string(std::random_device()()));
    std::filesystem::create_directories(folder);

    hh::registry hooks({.responders = hh::responders::best});
    hooks.get("/", [](auto&) {
        return hh::make_response(hh::status::ok, std::string(page), "text/html; charset=utf-8");
    });
    hooks.get("/files/*path", hh::http::static_files(folder.string()));
    hooks.post("/files",
               [folder](auto& c) {
                   auto const form = c.form();
                   auto const* const sent = form.file("file");
                   if (!sent) throw hh::http_error(hh::status::bad_request, "send a file");
                   std::string const name = checked_name(*sent->filename);
                   std::ofstream(folder / name, std::ios::binary) << sent->value;
                   return hh::make_response(hh::status::created, "/files/" + name + "\n",
                                            "text/plain");
               },
               {.body_limit = 50'000'000});

    hh::http::server web({.port = port, .threads = 2}, hooks);
    web.listen();
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    web.run_until_signal();
    if (argc < 3) std::filesystem::remove_all(folder);
}
