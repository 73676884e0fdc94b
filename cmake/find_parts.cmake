# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# The libraries that the optional parts want, each where it is installed: sets httphooks_NAME_FOUND.
include("${CMAKE_CURRENT_LIST_DIR}/find_library.cmake")
find_package(OpenSSL QUIET)
find_package(ZLIB QUIET)
find_package(PostgreSQL QUIET)
find_package(hiredis QUIET CONFIG)
httphooks_find_library(brotli::brotli brotli/encode.h brotlienc brotlidec)
httphooks_find_library(hiredis::hiredis hiredis/hiredis.h hiredis)

set(httphooks_parts tls zlib brotli redis postgres)
set(httphooks_tls_wants OpenSSL::SSL)
set(httphooks_zlib_wants ZLIB::ZLIB)
set(httphooks_brotli_wants brotli::brotli)
set(httphooks_redis_wants hiredis::hiredis)
set(httphooks_postgres_wants PostgreSQL::PostgreSQL)
foreach(part IN LISTS httphooks_parts)
  set(httphooks_${part}_FOUND FALSE)
  if(TARGET ${httphooks_${part}_wants})
    set(httphooks_${part}_FOUND TRUE)
  endif()
endforeach()
