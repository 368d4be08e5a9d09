# What `cmake --install` leaves beside the libraries, in three components: runtime, devel, doc. Nothing of it names a place:
# the tree can be moved, and DESTDIR is honoured.
include(CMakePackageConfigHelpers)

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/retrace")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/retraceConfig.cmake.in" "${PROJECT_BINARY_DIR}/retraceConfig.cmake"
                              INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/retraceConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/retraceConfig.cmake" "${PROJECT_BINARY_DIR}/retraceConfigVersion.cmake"
        DESTINATION "${package}" COMPONENT devel)
install(EXPORT retraceTargets NAMESPACE retrace:: DESTINATION "${package}" COMPONENT devel)

set(share "${CMAKE_INSTALL_DATADIR}/retrace")
install(FILES scripts/report.py scripts/requirements.txt DESTINATION "${share}/scripts" COMPONENT runtime)
install(DIRECTORY scripts/retrace_report DESTINATION "${share}/scripts" COMPONENT runtime
        PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY scripts/ci DESTINATION "${share}" COMPONENT doc)
install(DIRECTORY scripts/adapters/ DESTINATION "${share}" COMPONENT doc PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY benchmarks/suites DESTINATION "${share}" COMPONENT runtime)
install(DIRECTORY docs/examples DESTINATION "${share}" COMPONENT doc)
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc FILES_MATCHING PATTERN "*.md" PATTERN "*.svg"
        PATTERN "examples" EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)
