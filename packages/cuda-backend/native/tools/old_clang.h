// For tools that are an older Clang, which does not know what <source_location> is made of.
#pragma once

#include <cstdint>
#include <source_location>

#if !__has_builtin(__builtin_source_location)
namespace std {
struct source_location {  // NOLINT(readability-identifier-naming): the library's name
  static constexpr source_location current(const char* file = __builtin_FILE(),
                                           uint_least32_t line = __builtin_LINE()) {
    return {file, line};
  }
  constexpr const char* file_name() const { return file; }
  constexpr uint_least32_t line() const { return number; }
  constexpr uint_least32_t column() const { return 0; }
  constexpr const char* function_name() const { return ""; }

  const char* file = "";
  uint_least32_t number = 0;
};
}  // namespace std
#endif
