# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# cmake -D ROOT=... -P readme.cmake
#
# A C++ block of README.md that follows a line "<!-- FILE -->" must stand in FILE, line by line; each
# file that README.md names in a table of examples must exist.

file(READ "${ROOT}/README.md" readme)
string(REPLACE ";" "<semicolon>" readme "${readme}")
string(REPLACE "[" "<bracket>" readme "${readme}")
string(REPLACE "]" "<tekcarb>" readme "${readme}")
string(REGEX MATCHALL "<!-- [^\n]+ -->\n```cpp\n[^`]*" blocks "${readme}")
list(LENGTH blocks count)
if(count EQUAL 0)
  message(FATAL_ERROR "README.md has no block that names its file")
endif()
foreach(block IN LISTS blocks)
  string(REGEX REPLACE "^<!-- ([^\n]+) -->\n```cpp\n(.*)$" "\\1" name "${block}")
  string(REGEX REPLACE "^<!-- ([^\n]+) -->\n```cpp\n(.*)$" "\\2" text "${block}")
  file(READ "${ROOT}/${name}" source)
  string(REPLACE ";" "<semicolon>" source "${source}")
  string(REPLACE "[" "<bracket>" source "${source}")
  string(REPLACE "]" "<tekcarb>" source "${source}")
  string(REPLACE "`" "<tick>" source "${source}")
  string(FIND "${source}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "README.md shows something that ${name} does not have:\n${text}")
  endif()
endforeach()
string(REGEX MATCHALL "`[a-z_]+\\.cpp`" names "${readme}")
foreach(name IN LISTS names)
  string(REPLACE "`" "" name "${name}")
  if(NOT EXISTS "${ROOT}/examples/${name}")
    message(FATAL_ERROR "README.md names examples/${name}, which is not there")
  endif()
endforeach()
