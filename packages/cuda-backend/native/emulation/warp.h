// What the lanes of a warp get from each other, and how places of the code are
// named.
#pragma once

#include <source_location>
#include <string>

#include "execution.h"

namespace flambeau::cuda::emulation {

inline constexpr int kLanes = 32;

// What a lane brings to an exchange, and what it gets.
struct Request {
  Exchange kind;
  unsigned mask;
  uint64_t value;
  int operand;
  int width;
  std::source_location at;
  uint64_t result;
};

// Works out the results of a warp of `count` lanes, of which `lanes` have come
// to the same exchange. Empty, or why it is not possible.
std::string exchange(Request* const* requests, unsigned lanes, int count);

const char* name_of(Exchange kind);
// "file.cu:12"
std::string place_of(const std::source_location& at);
bool same_place(const std::source_location& a, const std::source_location& b);
// As std::format, which comes with GCC 13.
__attribute__((format(printf, 1, 2))) std::string text(const char* format, ...);

}  // namespace flambeau::cuda::emulation
