// What the addon exports, in groups. An exported function takes the arguments of the call and
// throws what is wrong.
#pragma once

#include <node_api.h>

#include <new>
#include <span>

#include "arguments.h"

namespace flambeau {

// Every exported function runs in here: a C++ exception becomes a JavaScript error with a code,
// never a crash or a null result.
template <napi_value (*Body)(Arguments&)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    Arguments arguments(env, info);
    return Body(arguments);
  } catch (const Failure& e) {
    napi_throw_error(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "0");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_NATIVE", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_NATIVE", "unknown native failure");
  }
  return nullptr;
}

struct Export {
  const char* name;
  napi_value (*function)(napi_env, napi_callback_info) noexcept;
};

// Tensors: who holds them, what they are, what is in them.
std::span<const Export> tensor_exports();
// The graph of what was computed from what.
std::span<const Export> graph_exports();
// Memory, threads and random numbers.
std::span<const Export> resource_exports();
// Devices, and other threads of JavaScript.
std::span<const Export> device_exports();

}  // namespace flambeau
