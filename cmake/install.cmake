# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# What `cmake --install` copies: headers, the package files for CMake and pkg-config, the licence.
# What `cpack -G DEB` makes of it: the development package libhttphooks-dev.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # nothing that is installed is built
set(httphooks_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/httphooks")
set(httphooks_pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

install(TARGETS ${httphooks_targets} EXPORT httphooksTargets FILE_SET HEADERS
        FILE_SET folders FILE_SET detail)
install(EXPORT httphooksTargets NAMESPACE httphooks:: DESTINATION "${httphooks_package_dir}")
configure_package_config_file(cmake/httphooksConfig.cmake.in httphooksConfig.cmake
                              INSTALL_DESTINATION "${httphooks_package_dir}")
write_basic_package_version_file(httphooksConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/httphooksConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/httphooksConfigVersion.cmake"
              cmake/find_boost.cmake
        DESTINATION "${httphooks_package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/httphooks")

# The files for pkg-config find the headers from where they are themselves.
cmake_path(ABSOLUTE_PATH httphooks_pkgconfig_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}"
           OUTPUT_VARIABLE pkgconfig_dir)
set(include_dir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
cmake_path(RELATIVE_PATH include_dir BASE_DIRECTORY "${pkgconfig_dir}")
function(httphooks_pkgconfig name description requires flags)
  file(CONFIGURE OUTPUT ${name}.pc @ONLY CONTENT [[
includedir=${pcfiledir}/@include_dir@

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
httphooks_pkgconfig(httphooks-tls "${PROJECT_DESCRIPTION}, over TLS"
                    "httphooks = ${PROJECT_VERSION}, openssl" "")
httphooks_pkgconfig(httphooks-zlib "${PROJECT_DESCRIPTION}, with compression"
                    "httphooks = ${PROJECT_VERSION}, zlib" "")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libhttphooks-dev)
set(HTTPHOOKS_PACKAGE_CONTACT "httphooks maintainers <maintainers@httphooks.invalid>"
    CACHE STRING "Who answers for the Debian package: NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${HTTPHOOKS_PACKAGE_CONTACT}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Routes, guards and observers for servers that are written with \
Boost.Beast, and servers for HTTP, WebSocket, SockJS and Socket.IO. The library is headers.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "libboost1.81-dev | libboost-dev (>= 1.81), nlohmann-json3-dev (>= 3.11)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libssl-dev, zlib1g-dev")
include(CPack)
