# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# httphooks_add_compiled(NAME SOURCES TARGET...)
#
# The static library httphooks::NAME: the bodies that each of the headers SOURCES lists, compiled once,
# for those who link it; with the usage requirements of each TARGET. A program that uses
# nothing of a header has nothing of it.
function(httphooks_add_compiled name sources)
  set(target httphooks_${name})
  add_library(${target} STATIC)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM unit)
    set(unit "${CMAKE_CURRENT_BINARY_DIR}/compiled_${unit}.cpp")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "#include <httphooks/${source}>\n" @ONLY)
    target_sources(${target} PRIVATE "${unit}")
  endforeach()
  add_library(httphooks::${name} ALIAS ${target})
  string(REPLACE compiled httphooks file ${name})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME ${file}
                        POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)
  target_compile_definitions(${target} PUBLIC HTTPHOOKS_SEPARATE_COMPILATION)
  target_link_libraries(${target} PUBLIC ${ARGN})
  if(NOT HTTPHOOKS_COMPILED)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

httphooks_add_compiled(compiled "src.hpp;src_testing.hpp" httphooks)
foreach(part IN LISTS httphooks_parts)
  if(httphooks_${part}_FOUND)
    httphooks_add_compiled(compiled_${part} src_${part}.hpp httphooks_compiled httphooks_${part})
  endif()
endforeach()
