# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# cmake -D ROOT=... -P readme.cmake
#
# Of README.md and the other pages: a C++ block that follows a line "<!-- FILE -->" must stand in FILE, line
# by line; each file that a table of examples names must exist, and so must what a page links to.

# Reads a file so that lists do not fall apart at its characters.
function(read_text file result)
  file(READ "${ROOT}/${file}" text)
  string(REPLACE ";" "<semicolon>" text "${text}")
  string(REPLACE "[" "<bracket>" text "${text}")
  string(REPLACE "]" "<tekcarb>" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

function(check_page page)
  read_text("${page}" text)
  string(REGEX MATCHALL "<!-- [^\n]+ -->\n```cpp\n[^`]*" blocks "${text}")
  foreach(block IN LISTS blocks)
    string(REGEX REPLACE "^<!-- ([^\n]+) -->\n```cpp\n(.*)$" "\\1" name "${block}")
    string(REGEX REPLACE "^<!-- ([^\n]+) -->\n```cpp\n(.*)$" "\\2" shown "${block}")
    read_text("${name}" source)
    string(REPLACE "`" "<tick>" source "${source}")
    string(FIND "${source}" "${shown}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "${page} shows something that ${name} does not have:\n${shown}")
    endif()
  endforeach()
  cmake_path(GET page PARENT_PATH folder)
  if(folder STREQUAL "" OR folder STREQUAL "examples")
    string(REGEX MATCHALL "`[a-z_]+\\.cpp`" names "${text}")
    foreach(name IN LISTS names)
      string(REPLACE "`" "" name "${name}")
      if(NOT EXISTS "${ROOT}/examples/${name}")
        message(FATAL_ERROR "${page} names examples/${name}, which is not there")
      endif()
    endforeach()
  endif()
  string(REGEX MATCHALL "<tekcarb>\\([^):#]+" links "${text}")
  foreach(link IN LISTS links)
    string(REPLACE "<tekcarb>(" "" link "${link}")
    if(link MATCHES "[.](md|cpp)$" AND NOT EXISTS "${ROOT}/${folder}/${link}")
      message(FATAL_ERROR "${page} links to ${link}, which is not there")
    endif()
  endforeach()
  list(LENGTH blocks count)
  set(count ${count} PARENT_SCOPE)
endfunction()

set(total 0)
foreach(page IN ITEMS README.md CONTRIBUTING.md examples/README.md tests/bench/README.md
                      tests/interop/README.md)
  check_page(${page})
  math(EXPR total "${total} + ${count}")
endforeach()
if(total EQUAL 0)
  message(FATAL_ERROR "no page has a block that names its file")
endif()
