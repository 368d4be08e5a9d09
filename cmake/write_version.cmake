# Run at every build: writes the version header, and touches it only when something changed.
set(RETRACE_GIT_COMMIT unknown)
set(RETRACE_GIT_DIRTY unknown)
execute_process(COMMAND git -C "${SOURCE}" rev-parse HEAD OUTPUT_VARIABLE commit RESULT_VARIABLE result
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(result EQUAL 0)
  set(RETRACE_GIT_COMMIT "${commit}")
  execute_process(COMMAND git -C "${SOURCE}" status --porcelain --untracked-files=no OUTPUT_VARIABLE changes)
  set(RETRACE_GIT_DIRTY no)
  if(changes)
    set(RETRACE_GIT_DIRTY yes)
  endif()
elseif(EXISTS "${SOURCE}/COMMIT")  # a copy without its history, by scripts/device-bundle.sh
  file(STRINGS "${SOURCE}/COMMIT" RETRACE_GIT_COMMIT LIMIT_COUNT 1)
  set(RETRACE_GIT_DIRTY no)
endif()
configure_file("${INPUT}" "${OUTPUT}" @ONLY)
