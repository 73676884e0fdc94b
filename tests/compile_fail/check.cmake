# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# Compiles `source` with `compiler`, `flags` and `includes`; fails unless that fails with the expected
# text, or one of several: "a|b".
file(STRINGS "${source}" lines LIMIT_COUNT 1)
if(NOT lines MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${source}: the first line is not \"// expect: text\"")
endif()
set(expected "${CMAKE_MATCH_1}")
list(TRANSFORM includes PREPEND "-I")
list(REMOVE_ITEM includes "-I" "-I/usr/include")
separate_arguments(flags UNIX_COMMAND "${flags}")
execute_process(COMMAND "${compiler}" -std=c++20 ${flags} -fsyntax-only ${includes} "${source}"
                RESULT_VARIABLE result ERROR_VARIABLE messages OUTPUT_QUIET)
if(result EQUAL 0)
  message(FATAL_ERROR "${source} compiles, and must not")
endif()
if(messages MATCHES "No such file|file not found")
  message(FATAL_ERROR "${source}: a header is missing:\n${messages}")
endif()
string(REPLACE "|" ";" alternatives "${expected}")
foreach(text IN LISTS alternatives)
  string(FIND "${messages}" "${text}" at)
  if(NOT at EQUAL -1)
    return()
  endif()
endforeach()
message(FATAL_ERROR "${source}: the messages do not say \"${expected}\":\n${messages}")
