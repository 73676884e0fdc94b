// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Runs a fuzz target once over each file that is named, or that is in a folder that is named:
    so the targets and their seeds are tests where there is no libFuzzer. Of a program of all
    targets the first argument says which, as --target=NAME.
*/

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#ifdef HTTPHOOKS_JOINED_TARGETS
int test_one_input(std::string_view target, std::uint8_t const* data, std::size_t size);
#else
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);
#endif

namespace {

std::size_t files = 0;
int refused = 0;
std::string_view target;

void give(std::uint8_t const* data, std::size_t size) {
#ifdef HTTPHOOKS_JOINED_TARGETS
    if (test_one_input(target, data, size) != 0) refused = 1;
#else
    if (LLVMFuzzerTestOneInput(data, size) != 0) refused = 1;
#endif
}

void run(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> const bytes{std::istreambuf_iterator<char>(in), {}};
    give(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
    ++files;
}

}  // namespace

int main(int argc, char* argv[]) {
    constexpr std::string_view option = "--target=";
    int first = 1;
    if (argc > 1 && std::string_view(argv[1]).starts_with(option))
        target = std::string_view(argv[first++]).substr(option.size());
    give(nullptr, 0);
    for (int i = first; i < argc; ++i) {
        std::filesystem::path const path = argv[i];
        if (std::filesystem::is_directory(path)) {
            for (auto const& entry : std::filesystem::recursive_directory_iterator(path))
                if (entry.is_regular_file()) run(entry.path());
        } else {
            run(path);
        }
    }
    std::printf("%zu files\n", files);
    return files == 0 && argc > first ? 1 : refused;
}
