# Distributed under the Boost Software License, Version 1.0. See LICENSE.

# httphooks_join_examples(TARGET SOURCE...)
#
# One program of many examples, which runs the one by whose name it is called: compilers read and
# translate the library once, not once an example. Beside the program, each example has a link of its
# name.
#
# Each source becomes a namespace, in one unit behind the headers of them all. main() is a function like
# others there, so it gets the return that it may lack.
function(httphooks_join_examples target)
  set(all_includes "")
  set(all_text "")
  set(choices "")
  set(links "")
  foreach(source IN LISTS ARGN)
    cmake_path(GET source STEM name)
    cmake_path(GET source PARENT_PATH folder)
    file(READ "${source}" text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    string(REGEX REPLACE "#include \"([^\"\n]*)\"\n" "#include <${folder}/\\1>\n" text "${text}")
    string(REGEX MATCHALL "#include <[^>\n]*>" includes "${text}")
    list(APPEND all_includes ${includes})
    string(REGEX REPLACE "#include <${folder}/[^>\n]*>" "" text "${text}")
    string(REGEX REPLACE "}\n$" "    return 0;\n}\n" text "${text}")
    string(APPEND all_text "namespace ${name} {\n#line 1 \"${source}\"\n${text}}\n")
    string(APPEND choices "    if (name == \"${name}\") return run(${name}::main, argc, argv);\n")
    list(APPEND links COMMAND "${CMAKE_COMMAND}" -E create_symlink "$<TARGET_FILE_NAME:${target}>"
                              "$<TARGET_FILE_DIR:${target}>/${name}")
  endforeach()
  list(APPEND all_includes "#include <iostream>" "#include <string_view>")
  list(REMOVE_DUPLICATES all_includes)
  list(JOIN all_includes "\n" all_includes)

  file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp" CONTENT "${all_includes}

${all_text}
static int run(int (*f)(int, char**), int argc, char** argv) { return f(argc, argv); }
static int run(int (*f)(), int, char**) { return f(); }

int main(int argc, char** argv) {
    std::string_view name = argv[0];
    name.remove_prefix(name.rfind('/') + 1);
${choices}    std::cerr << \"no example is called \" << name << std::endl;
    return 2;
}
")
  add_executable(${target} "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  add_custom_command(TARGET ${target} POST_BUILD ${links})
endfunction()
