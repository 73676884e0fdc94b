// expect: a message with a buffer_body has its body elsewhere
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/message.hpp>

namespace hh = httphooks;

hh::request convert(boost::beast::http::request<boost::beast::http::buffer_body> m) {
    return hh::convert(std::move(m));
}
