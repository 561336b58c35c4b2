// What the addon exports, in groups. An exported function takes the arguments of the call and
// throws what is wrong.
#pragma once

#include <node_api.h>

#include <new>
#include <span>

#include "allocator.h"
#include "arguments.h"

namespace flambeau::cuda {

// Every exported function runs in here: a C++ exception becomes a JavaScript error with a code,
// never a crash or a null result.
template <napi_value (*Body)(Arguments&)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
  try {
    Arguments arguments(env, info);
    return Body(arguments);
  } catch (const OutOfMemory& lack) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", lack.text.c_str());
  } catch (const Failure& e) {
    napi_throw_error(env, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "the memory of the processor is used up");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_NATIVE", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_NATIVE", "unknown native failure");
  }
  return nullptr;
}

struct Export {
  const char* name;
  napi_callback function;
};

// Devices and their memory, the kernels that there are, settings.
std::span<const Export> device_exports();
// Streams, events and graphs.
std::span<const Export> work_exports();

}  // namespace flambeau::cuda
