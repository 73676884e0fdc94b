# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# What `cmake --install` copies: headers, the static libraries if HTTPHOOKS_COMPILED is on, the package
# files for CMake and pkg-config, the licence.
# What `cpack -G DEB` makes of it: the development package libhttphooks-dev.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # whoever installs has built what he installs
if(HTTPHOOKS_COMPILED)
  set(httphooks_shared_dir "${CMAKE_INSTALL_LIBDIR}")
  set(independent "")
  list(APPEND httphooks_targets httphooks_compiled)
  foreach(part IN LISTS httphooks_parts)
    if(TARGET httphooks_compiled_${part})
      list(APPEND httphooks_targets httphooks_compiled_${part})
    endif()
  endforeach()
else()
  set(httphooks_shared_dir "${CMAKE_INSTALL_DATADIR}")
  set(independent ARCH_INDEPENDENT)
endif()
set(httphooks_package_dir "${httphooks_shared_dir}/cmake/httphooks")
set(httphooks_pkgconfig_dir "${httphooks_shared_dir}/pkgconfig")

install(TARGETS ${httphooks_targets} EXPORT httphooksTargets FILE_SET HEADERS
        FILE_SET folders FILE_SET detail FILE_SET sources)
install(EXPORT httphooksTargets NAMESPACE httphooks:: DESTINATION "${httphooks_package_dir}")
configure_package_config_file(cmake/httphooksConfig.cmake.in httphooksConfig.cmake
                              INSTALL_DESTINATION "${httphooks_package_dir}")
write_basic_package_version_file(httphooksConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ${independent})
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/httphooksConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/httphooksConfigVersion.cmake"
              cmake/find_boost.cmake cmake/find_library.cmake cmake/find_parts.cmake
        DESTINATION "${httphooks_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/httphooks")

# The files for pkg-config find the headers from where they are themselves.
cmake_path(ABSOLUTE_PATH httphooks_pkgconfig_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
           OUTPUT_VARIABLE pkgconfig_dir)
set(include_dir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
cmake_path(RELATIVE_PATH include_dir BASE_DIRECTORY "${pkgconfig_dir}")
set(library_dir "${CMAKE_INSTALL_FULL_LIBDIR}")
cmake_path(RELATIVE_PATH library_dir BASE_DIRECTORY "${pkgconfig_dir}")
function(httphooks_pkgconfig name description requires flags)
  file(CONFIGURE OUTPUT ${name}.pc @ONLY CONTENT [[
includedir=${pcfiledir}/@include_dir@
libdir=${pcfiledir}/@library_dir@

Name: @name@
Description: @description@
Version: @PROJECT_VERSION@
Requires: @requires@
@flags@
]])
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" DESTINATION "${httphooks_pkgconfig_dir}")
endfunction()
httphooks_pkgconfig(httphooks "${PROJECT_DESCRIPTION}" nlohmann_json
                    "Cflags: -I\${includedir} -pthread\nLibs: -pthread")
set(tls_package openssl)
set(zlib_package zlib)
set(brotli_package "libbrotlienc, libbrotlidec")
set(redis_package hiredis)
set(postgres_package libpq)
foreach(part IN LISTS httphooks_parts)
  httphooks_pkgconfig(httphooks-${part} "${PROJECT_DESCRIPTION}, with ${part}"
                      "httphooks = ${PROJECT_VERSION}, ${${part}_package}" "")
endforeach()
if(HTTPHOOKS_COMPILED)
  httphooks_pkgconfig(httphooks-compiled "${PROJECT_DESCRIPTION}, compiled"
                      "httphooks = ${PROJECT_VERSION}"
                      "Cflags: -DHTTPHOOKS_SEPARATE_COMPILATION\nLibs: -L\${libdir} -lhttphooks")
  foreach(part IN LISTS httphooks_parts)
    if(TARGET httphooks_compiled_${part})
      httphooks_pkgconfig(httphooks-compiled-${part} "${PROJECT_DESCRIPTION}, compiled, with ${part}"
                          "httphooks-compiled = ${PROJECT_VERSION}, httphooks-${part}"
                          "Libs: -L\${libdir} -lhttphooks_${part}")
    endif()
  endforeach()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libhttphooks-dev)
set(HTTPHOOKS_PACKAGE_CONTACT "httphooks maintainers <maintainers@httphooks.invalid>"
    CACHE STRING "Who answers for the Debian package: NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${HTTPHOOKS_PACKAGE_CONTACT}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Routes, guards and observers for servers that are written with \
Boost.Beast, and servers for HTTP, WebSocket, SockJS and Socket.IO. The library is headers, and the \
same compiled.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
if(NOT HTTPHOOKS_COMPILED)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
endif()
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "libboost1.81-dev | libboost-dev (>= 1.81), nlohmann-json3-dev (>= 3.11)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libssl-dev, zlib1g-dev, libbrotli-dev, libhiredis-dev, libpq-dev")
include(CPack)
