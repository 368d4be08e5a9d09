#include "app/ci_host.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace retrace::app {

results::AnnotationHost annotation_host(std::string const& wanted) {
  using results::AnnotationHost;
  auto const is_set = [](char const* name) {
    char const* const value = std::getenv(name);
    return value != nullptr && std::string_view(value) == "true";
  };
  if (wanted == "github" || (wanted == "auto" && is_set("GITHUB_ACTIONS"))) return AnnotationHost::github;
  if (wanted == "gitlab" || (wanted == "auto" && is_set("GITLAB_CI"))) return AnnotationHost::gitlab;
  return AnnotationHost::none;
}

void publish_to_host(results::AnnotationHost host, std::string const& annotations, std::string const& markdown) {
  fmt::print(stderr, "{}", annotations);
  char const* const path = std::getenv("GITHUB_STEP_SUMMARY");
  if (host != results::AnnotationHost::github || path == nullptr || *path == '\0') return;
  std::ofstream file(path, std::ios::app);
  if (!(file << markdown << '\n' << std::flush))
    throw EnvironmentError(fmt::format("{}: the job summary cannot be written", path));
}

}  // namespace retrace::app
