// What the failure of a library may come from.
#pragma once

#include <string>

namespace flambeau::cuda {

// Why this process cannot use the GPU any more, behind a colon; empty where it can. A library says
// of it no more than that something failed.
std::string why_lost();

}  // namespace flambeau::cuda
