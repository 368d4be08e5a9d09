# Run at every build: writes the headers of the version, and touches one only when something changed.
set(RETRACE_GIT_COMMIT unknown)
set(RETRACE_GIT_BRANCH unknown)
set(RETRACE_GIT_DIRTY unknown)
set(RETRACE_GIT_DIFF "")  # of what a program is made of: documentation does not count
execute_process(COMMAND git -C "${SOURCE}" rev-parse HEAD OUTPUT_VARIABLE commit RESULT_VARIABLE result
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(result EQUAL 0)
  set(RETRACE_GIT_COMMIT "${commit}")
  execute_process(COMMAND git -C "${SOURCE}" rev-parse --abbrev-ref HEAD OUTPUT_VARIABLE RETRACE_GIT_BRANCH
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no OUTPUT_VARIABLE changes)
  set(RETRACE_GIT_DIRTY no)
  if(changes)
    set(RETRACE_GIT_DIRTY yes)
    execute_process(COMMAND git -C "${SOURCE}" diff HEAD -- . ":(exclude)docs" ":(exclude,glob)**/*.md"
                    OUTPUT_VARIABLE difference)
    if(difference)
      string(SHA256 RETRACE_GIT_DIFF "${difference}")
    endif()
  endif()
elseif(EXISTS "${SOURCE}/COMMIT")  # a copy without its history, by scripts/device-bundle.sh
  file(STRINGS "${SOURCE}/COMMIT" RETRACE_GIT_COMMIT LIMIT_COUNT 1)
  set(RETRACE_GIT_DIRTY no)
endif()

# The flags as used, from the command that compiles one of the units whose numbers end in results; without paths.
if(EXISTS "${COMMANDS}")
  file(STRINGS "${COMMANDS}" command REGEX "\"command\": .*verification/problem_catalogue\\.cpp" LIMIT_COUNT 1)
  string(REGEX REPLACE "^ *\"command\": \"(.*)\",?$" "\\1" command "${command}")
  string(REPLACE "\\\"" "\"" command "${command}")
  string(REPLACE "\\\\" "\\" command "${command}")
  separate_arguments(words UNIX_COMMAND "${command}")
  list(FILTER words INCLUDE REGEX "^-(D|O|f|g|m|std|W)")
  list(FILTER words EXCLUDE REGEX "^-(MD|MT|MF|Wl,)")
  if(words)
    list(JOIN words " " RETRACE_CXX_FLAGS)
    string(REPLACE "\"" "\\\"" RETRACE_CXX_FLAGS "${RETRACE_CXX_FLAGS}")
  endif()
endif()
configure_file("${INPUT}/version.hpp.in" "${OUTPUT}/version.hpp" @ONLY)
configure_file("${INPUT}/difference.hpp.in" "${OUTPUT}/difference.hpp" @ONLY)
