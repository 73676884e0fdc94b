# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# Makes the target Boost::headers, unless the project has it: from the folder Boost_INCLUDE_DIR where that
# is given, from the package files that Boost installs, or from headers without such files, below
# BOOST_ROOT or where the system has headers. CMake's module FindBoost is not asked, as CMake itself does
# from 3.30 on (CMP0167); its Boost_NO_BOOST_CMAKE still says that package files are not.
if(NOT Boost_INCLUDE_DIR AND NOT Boost_NO_BOOST_CMAKE)
  find_package(Boost 1.81 QUIET CONFIG)
endif()
if(NOT TARGET Boost::headers)
  find_path(Boost_INCLUDE_DIR boost/version.hpp
            HINTS "${Boost_ROOT}" "${BOOST_ROOT}" ENV Boost_ROOT ENV BOOST_ROOT PATH_SUFFIXES include)
  if(Boost_INCLUDE_DIR)
    file(STRINGS "${Boost_INCLUDE_DIR}/boost/version.hpp" httphooks_boost_version
         REGEX "define BOOST_VERSION ")
    if(httphooks_boost_version MATCHES "([0-9]+)" AND CMAKE_MATCH_1 GREATER_EQUAL 108100)
      add_library(Boost::headers INTERFACE IMPORTED)
      target_include_directories(Boost::headers INTERFACE "${Boost_INCLUDE_DIR}")
    endif()
  endif()
endif()
