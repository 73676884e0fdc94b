# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# The target `reference`: what Doxygen makes of the public headers, in reference/html. A warning is an
# error.
find_package(Doxygen 1.9 REQUIRED)

set(DOXYGEN_PROJECT_BRIEF "${PROJECT_DESCRIPTION}")
set(DOXYGEN_OUTPUT_DIRECTORY reference)
set(DOXYGEN_STRIP_FROM_PATH "${PROJECT_SOURCE_DIR}/include")
set(DOXYGEN_STRIP_FROM_INC_PATH "${PROJECT_SOURCE_DIR}/include")
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE "${PROJECT_SOURCE_DIR}/README.md")
set(DOXYGEN_EXCLUDE_PATTERNS "*/detail/*" "*/impl/*")
set(DOXYGEN_EXCLUDE_SYMBOLS "httphooks::detail" "httphooks::*::detail")
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_EXTRACT_ALL YES)             # what a name says has no comment, and is listed all the same
set(DOXYGEN_WARN_IF_INCOMPLETE_DOC NO)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_GENERATE_LATEX NO)
set(DOXYGEN_TOC_INCLUDE_HEADINGS 0)
doxygen_add_docs(reference include README.md CHANGELOG.md CONTRIBUTING.md examples/README.md tests/bench/README.md
                 tests/interop/README.md)
