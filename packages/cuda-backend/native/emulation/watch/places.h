// Places of the code, by numbers and by names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flambeau::cuda::emulation::watch {

// The number of the place that a call returns to.
uint32_t number_of(const void* caller);
// "select.cu:55", or where it is inlined: "collective.h:250 in select.cu:90".
std::string name_of_place(uint32_t number);
std::vector<std::string> names_of_places(const std::vector<uint32_t>& numbers);
// The name of a function, such as "fill<float>"; what templates of types add is kept.
std::string name_of_function(const void* function);

}  // namespace flambeau::cuda::emulation::watch
