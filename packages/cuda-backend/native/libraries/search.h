// Where NVIDIA's libraries may lie. They are found when they are first needed, not when the addon
// is built, so that one build serves several versions of them.
#pragma once

#include <string>
#include <vector>

namespace flambeau::cuda {

// The environment variable that names folders to look in first, separated by colons.
inline constexpr const char* kLibraryVariable = "FLAMBEAU_CUDA_LIBRARIES";

// Those of them that exist.
std::vector<std::string> named_folders();

// Existing folders to look in, the best first: those of FLAMBEAU_CUDA_LIBRARIES, of the toolkit
// (CUDA_HOME, CUDA_PATH), of conda, of pip's wheels in the Pythons that can be seen, and where
// systems put them. Without what the loader knows by itself.
std::vector<std::string> library_folders();

}  // namespace flambeau::cuda
