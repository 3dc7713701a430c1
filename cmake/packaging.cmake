# What `cmake --install` writes beside the programs, and the Debian package of `cpack`.
include(GNUInstallDirs)

install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/cmake/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Man pages and shell completions are what the programs that were just built say of themselves.
set(TVR_MAINTAINER "The authors of pipeline <noreply@github.com>")
set(TVR_MADE ${CMAKE_BINARY_DIR}/packaging)
install(CODE "
  execute_process(COMMAND \"${PROJECT_SOURCE_DIR}/scripts/describe_commands.sh\"
                          \"$<TARGET_FILE:pipeline>\" \"${TVR_MADE}\" \"${PROJECT_VERSION}\"
                  COMMAND_ERROR_IS_FATAL ANY)
  string(TIMESTAMP now \"%a, %d %b %Y %H:%M:%S +0000\" UTC)
  file(WRITE \"${TVR_MADE}/changelog\"
    \"pipeline (${PROJECT_VERSION}) unstable; urgency=medium\\n\\n  * docs/CHANGES.md says what is new.\\n\\n -- ${TVR_MAINTAINER}  \${now}\\n\")
  execute_process(COMMAND gzip -9 -n \"${TVR_MADE}/changelog\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${TVR_MADE}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${TVR_MADE}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} OPTIONAL)
install(FILES ${TVR_MADE}/pipeline.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME pipeline)
install(FILES ${TVR_MADE}/_pipeline DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${TVR_MADE}/pipeline.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pipeline)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${TVR_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "text-to-video retrieval from raw videos to a search page")
set(CPACK_PACKAGE_DESCRIPTION
    "Decodes videos, extracts features, trains a joint embedding of text and video or takes a pretrained encoder pair,\n"
    "evaluates it, and finds videos by sentences in the terminal or in a local web page.")
list(JOIN CPACK_PACKAGE_DESCRIPTION "" CPACK_PACKAGE_DESCRIPTION)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ffmpeg)
include(CPack)
