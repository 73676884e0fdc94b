# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# Compiles `source` with `compiler` and `includes`; fails unless that fails with the expected text.
file(STRINGS "${source}" lines LIMIT_COUNT 1)
if(NOT lines MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${source}: the first line is not \"// expect: text\"")
endif()
set(expected "${CMAKE_MATCH_1}")
list(TRANSFORM includes PREPEND "-I")
list(REMOVE_ITEM includes "-I" "-I/usr/include")
execute_process(COMMAND "${compiler}" -std=c++20 -fsyntax-only ${includes} "${source}"
                RESULT_VARIABLE result ERROR_VARIABLE messages OUTPUT_QUIET)
if(result EQUAL 0)
  message(FATAL_ERROR "${source} compiles, and must not")
endif()
string(FIND "${messages}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${source}: the messages do not say \"${expected}\":\n${messages}")
endif()
