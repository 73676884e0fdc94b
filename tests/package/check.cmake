# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# Builds the consumer in consumer/ the given `way`, in the folder `work`, and runs it.
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")
set(consumer "${source}/tests/package/consumer")

if(way STREQUAL "include_path")
  execute_process(COMMAND "${compiler}" -std=c++20 "-I${source}/include" "${consumer}/main.cpp"
                          -pthread -o "${work}/consumer" COMMAND_ERROR_IS_FATAL ANY)
else()
  if(way STREQUAL "find_package")
    execute_process(COMMAND "${CMAKE_COMMAND}" --install "${build}" --prefix "${work}/prefix"
                    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    set(where "-DCMAKE_PREFIX_PATH=${work}/prefix")
  else()
    set(where "-DHTTPHOOKS_SOURCE=${source}")
  endif()
  execute_process(COMMAND "${CMAKE_COMMAND}" -G "${generator}" -S "${consumer}" -B "${work}"
                          "-DCMAKE_CXX_COMPILER=${compiler}" "${where}"
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${work}" COMMAND_ERROR_IS_FATAL ANY)
endif()
execute_process(COMMAND "${work}/consumer" COMMAND_ERROR_IS_FATAL ANY)
