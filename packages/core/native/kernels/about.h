// What the addon was made of and what it found: for programs that explain a set-up to people.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace flambeau {

// Pairs of a name and a value, such as {"oneDNN", "2.6.3"}. Never throws but std::bad_alloc.
std::vector<std::pair<std::string, std::string>> about();

}  // namespace flambeau
