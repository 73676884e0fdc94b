// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Runs a fuzz target once over each file that is named, or that is in a folder that is named:
    so the targets and their seeds are tests where there is no libFuzzer.
*/

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

std::size_t files = 0;

void run(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<char> const bytes{std::istreambuf_iterator<char>(in), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
    ++files;
}

}  // namespace

int main(int argc, char* argv[]) {
    LLVMFuzzerTestOneInput(nullptr, 0);
    for (int i = 1; i < argc; ++i) {
        std::filesystem::path const path = argv[i];
        if (std::filesystem::is_directory(path)) {
            for (auto const& entry : std::filesystem::recursive_directory_iterator(path))
                if (entry.is_regular_file()) run(entry.path());
        } else {
            run(path);
        }
    }
    std::printf("%zu files\n", files);
    return files == 0 && argc > 1 ? 1 : 0;
}
