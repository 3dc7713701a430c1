# tvr_embed() embeds files in the program, as a C++ source generated at build time by this file, run as a script.
if(CMAKE_SCRIPT_MODE_FILE)
  set(arrays "")
  set(table "")
  foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    string(MAKE_C_IDENTIFIER "${name}" array)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
    string(APPEND arrays "constexpr char ${array}[] = {${bytes}};\n")
    string(APPEND table "      {\"${name}\", {${array}, sizeof ${array}}},\n")
  endforeach()
  file(WRITE "${OUTPUT}" "#include \"pipeline/serve/web_files.h\"

namespace tvr {
namespace {
${arrays}
}  // namespace

const std::vector<WebFile>& web_files() {
  static const std::vector<WebFile> files = {
${table}  };
  return files;
}

}  // namespace tvr
")
  return()
endif()

# Adds web_files() with the given files of the calling folder to `target`.
function(tvr_embed target)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/web_files.cpp)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${source} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
