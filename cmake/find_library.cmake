# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# httphooks_find_library(TARGET HEADER LIBRARY...)
#
# Makes the target TARGET, unless the project has it, of a library that has no package files everywhere:
# where HEADER and each LIBRARY are.
function(httphooks_find_library target header)
  if(TARGET ${target})
    return()
  endif()
  string(MAKE_C_IDENTIFIER "httphooks_${target}" id)
  find_path(${id}_include_dir ${header})
  mark_as_advanced(${id}_include_dir)
  set(files "")
  foreach(library IN LISTS ARGN)
    find_library(${id}_${library} ${library})
    mark_as_advanced(${id}_${library})
    if(NOT ${id}_${library})
      return()
    endif()
    list(APPEND files "${${id}_${library}}")
  endforeach()
  if(${id}_include_dir)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    target_include_directories(${target} INTERFACE "${${id}_include_dir}")
    target_link_libraries(${target} INTERFACE ${files})
  endif()
endfunction()
