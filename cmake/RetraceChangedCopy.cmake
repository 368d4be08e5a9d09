# retrace_changed_copy(<source> <copy> WHO <name> FIND <text> REPLACE <text>)
#
# Copies a source of the project, given from its root, with one text replaced by another, and again whenever the source
# changes. The text must be there exactly once, else configuration fails: a change that is not made proves nothing. WHO
# wants the change is said then.
function(retrace_changed_copy file copy)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "WHO;FIND;REPLACE" "")
  set(source "${PROJECT_SOURCE_DIR}/${file}")
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  string(FIND "${text}" "${arg_FIND}" first)
  string(FIND "${text}" "${arg_FIND}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "${arg_WHO}: ${file} does not have this text exactly once:\n${arg_FIND}\n"
                        "The source has changed: write the change anew.")
  endif()
  string(REPLACE "${arg_FIND}" "${arg_REPLACE}" text "${text}")
  file(CONFIGURE OUTPUT "${copy}" CONTENT "${text}" @ONLY NEWLINE_STYLE UNIX)
endfunction()
