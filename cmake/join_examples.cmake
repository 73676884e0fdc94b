# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# httphooks_join_examples(TARGET SOURCE...)
#
# One program of many examples, which runs the one by whose name it is called: compilers read and
# translate the headers a few times, not once an example. Beside the program, each example has a link
# of its name.
#
# Each source becomes a namespace, in a unit with those that include much the same, behind the headers of
# them all. main() is a function like others there, so it gets the return that it may lack.
function(httphooks_join_examples target)
  set(units http sockjs socketio)
  set(declarations "")
  set(choices "")
  set(links "")
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    file(READ "${source}" text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    if(name MATCHES "^(socketio|engineio)")
      set(unit socketio)
    elseif(name MATCHES "^(sockjs|websocket)")
      set(unit sockjs)
    else()
      set(unit http)
    endif()
    string(REGEX MATCHALL "#include <[^>\n]*>" includes "${text}")
    list(APPEND ${unit}_includes ${includes})
    string(REGEX REPLACE "}\n$" "    return 0;\n}\n" text "${text}")
    string(APPEND ${unit}_text "namespace ${name} {\n#line 1 \"${source}\"\n${text}}\n"
                               "int run_${name}(int argc, char** argv) {\n"
                               "    return run(${name}::main, argc, argv);\n}\n")
    string(APPEND declarations "int run_${name}(int, char**);\n")
    string(APPEND choices "    if (name == \"${name}\") return run_${name}(argc, argv);\n")
    list(APPEND links COMMAND "${CMAKE_COMMAND}" -E create_symlink "$<TARGET_FILE_NAME:${target}>"
                              "$<TARGET_FILE_DIR:${target}>/${name}")
  endforeach()

  set(sources "${CMAKE_CURRENT_BINARY_DIR}/${target}_main.cpp")
  foreach(unit IN LISTS units)
    list(REMOVE_DUPLICATES ${unit}_includes)
    list(JOIN ${unit}_includes "\n" includes)
    set(file "${CMAKE_CURRENT_BINARY_DIR}/${target}_${unit}.cpp")
    file(GENERATE OUTPUT "${file}" CONTENT "${includes}

[[maybe_unused]] static int run(int (*f)(int, char**), int argc, char** argv) { return f(argc, argv); }
[[maybe_unused]] static int run(int (*f)(), int, char**) { return f(); }

${${unit}_text}")
    list(APPEND sources "${file}")
  endforeach()
  file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}_main.cpp" CONTENT
"#include <iostream>
#include <string_view>

${declarations}
int main(int argc, char** argv) {
    std::string_view name = argv[0];
    name.remove_prefix(name.rfind('/') + 1);
${choices}    std::cerr << \"no example is called \" << name << std::endl;
    return 2;
}
")
  add_executable(${target} ${sources})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  add_custom_command(TARGET ${target} POST_BUILD ${links})
endfunction()
