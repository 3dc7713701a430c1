# tvr_version() generates a C++ source with version and commit. This file, run as a script, queries the commit at every
# build; if it has not changed, nothing is recompiled.
if(CMAKE_SCRIPT_MODE_FILE)
  set(TVR_COMMIT "")
  if(EXISTS "${SOURCE_DIR}/.git")
    execute_process(COMMAND git -C "${SOURCE_DIR}" rev-parse --short HEAD
                    OUTPUT_VARIABLE TVR_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  configure_file("${TEMPLATE}" "${RESULT}" @ONLY)
  return()
endif()

set(TVR_VERSION_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(tvr_version target template)
  set(result ${CMAKE_CURRENT_BINARY_DIR}/version.cpp)
  add_custom_target(${target}_version
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DPROJECT_VERSION=${PROJECT_VERSION}
            -DTEMPLATE=${CMAKE_CURRENT_SOURCE_DIR}/${template} -DRESULT=${result} -P ${TVR_VERSION_SCRIPT}
    BYPRODUCTS ${result} COMMENT "" VERBATIM)
  add_dependencies(${target} ${target}_version)
  target_sources(${target} PRIVATE ${result})
endfunction()
