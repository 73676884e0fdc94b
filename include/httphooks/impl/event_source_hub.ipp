// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/event_source_hub.hpp>

#include <httphooks/detail/events/event_topics.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL event_source_hub::event_source_hub(event_source_hub_options const& options)
    : topics_(std::make_shared<detail::event_topics>(options)) {}

HTTPHOOKS_DECL response event_source_hub::subscribe(request const& r,
                                                    std::string_view topic) const {
    response made = detail::event_stream_header();
    made.body().stream(
        std::make_shared<detail::event_subscription>(topics_, topic, last_event_id(r)));
    return made;
}

HTTPHOOKS_DECL void event_source_hub::publish(std::string_view topic, server_event e) const {
    topics_->publish(topic, std::move(e));
}

HTTPHOOKS_DECL void event_source_hub::publish(std::string_view topic, std::string_view data) const {
    server_event e;
    e.data = data;
    topics_->publish(topic, std::move(e));
}

HTTPHOOKS_DECL std::size_t event_source_hub::subscribers(std::string_view topic) const {
    return topics_->subscribers(topic);
}

HTTPHOOKS_DECL void event_source_hub::close() const {
    topics_->close();
}

}  // namespace httphooks
