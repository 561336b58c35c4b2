// The protocol of the command buffer, written by src/native.ts and read here.
//
//   [0] kernel   [1] inputs   [2] outputs   [3] params   [4] Mode (launch.cc)   [5] saved
//   then each input:   id > 0 | 0 (left out) | -1, dtype, value (a plain number)
//   then each output:  id > 0 (written in place) | 0, dtype, rank, sizes…
//   then the params, then the saved list: i for input i, inputs + j for output j
//
// Afterwards: [0..outputs) the ids, [outputs] the slot of the recorded node (0 if none).
#pragma once

#include "environment.h"

namespace flambeau {

// Runs what the command buffer says. `wrappers` (one per output, or none for untracked results)
// become the owners of the results.
void launch(Environment& environment, napi_value* wrappers, size_t count);

}  // namespace flambeau
