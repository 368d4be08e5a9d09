#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace retrace {

/// Damerau–Levenshtein distance (optimal string alignment): the least number of insertions, deletions, substitutions
/// and swaps of neighbours that turn `a` into `b`. Upper and lower case are equal, and so are '-' and '_'.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  auto const fold = [](char c) {
    return c == '-' ? '_' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  };
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool const equal = fold(a[i - 1]) == fold(b[j - 1]);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (equal ? 0U : 1U)});
      bool const swapped = i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

/// The valid name that the writer of `given` most likely meant; nothing if all are too far off. A name is near when at
/// most a third of its letters (and always one, if it has two) were mistaken; of equally near ones the first wins.
[[nodiscard]] inline std::optional<std::string_view> nearest_name(std::string_view given,
                                                                  std::span<std::string const> valid) {
  std::optional<std::string_view> nearest;
  std::size_t least = 0;
  for (std::string const& name : valid) {
    std::size_t const length = std::max(given.size(), name.size());
    std::size_t const cutoff = length < 2 ? 0 : std::max<std::size_t>(1, length / 3);
    std::size_t const distance = edit_distance(given, name);
    if (distance <= cutoff && (!nearest || distance < least)) {
      nearest = name;
      least = distance;
    }
  }
  return nearest;
}

/// "unknown solver 'rk5'; did you mean 'rk4'?", or, if nothing is near, with the list of what is valid.
[[nodiscard]] inline std::string unknown_name_message(std::string_view kind, std::string_view given,
                                                      std::span<std::string const> valid) {
  std::string message = "unknown " + std::string(kind) + " '" + std::string(given) + "'";
  if (auto const nearest = nearest_name(given, valid))
    return message + "; did you mean '" + std::string(*nearest) + "'?";
  if (valid.empty()) return message + "; none is valid here";
  message += "; valid: ";
  for (std::size_t i = 0; i < valid.size(); ++i) message += (i == 0 ? "" : ", ") + valid[i];
  return message;
}

}  // namespace retrace
