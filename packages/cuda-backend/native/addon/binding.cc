// The N-API surface: what the `cuda` namespace of src/ is made of, and the table for core.
#include <node_api.h>

#include "exports.h"

namespace flambeau::cuda {

napi_value initialise(napi_env env, napi_value exports) {
  for (const auto& group : {device_exports(), work_exports()}) {
    for (const Export& one : group) {
      napi_value function;
      if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.function, nullptr, &function) !=
              napi_ok ||
          napi_set_named_property(env, exports, one.name, function) != napi_ok)
        return nullptr;
    }
  }
  return exports;
}

}  // namespace flambeau::cuda

NAPI_MODULE_INIT() { return flambeau::cuda::initialise(env, exports); }
