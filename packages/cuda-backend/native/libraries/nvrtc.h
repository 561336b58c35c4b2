// The part of NVRTC that we call, which compiles CUDA C++ while a program runs. Declared in our own
// words, and opened on first use.
//
// Signatures and numbers are compared with NVIDIA's header by tests/vendor_headers.cc (of
// CUDA 13.0; of 11.4 to 13.0 they were read off the bindings of cudarc 0.18.1).
#pragma once

#include <cstddef>
#include <string>

namespace flambeau::cuda::nvrtc {

enum Result : int { kSuccess = 0, kInvalidInput = 3, kInvalidOption = 5, kCompilation = 6 };

using Program = struct OpaqueProgram*;

struct Functions {
  Result (*version)(int* major, int* minor);
  Result (*create_program)(Program* program, const char* source, const char* name, int headers,
                           const char* const* header_sources, const char* const* header_names);
  Result (*compile_program)(Program program, int options, const char* const* list);
  Result (*destroy_program)(Program* program);
  Result (*log_size)(Program program, size_t* bytes);
  Result (*log)(Program program, char* text);
  Result (*cubin_size)(Program program, size_t* bytes);
  Result (*cubin)(Program program, char* code);
  Result (*ptx_size)(Program program, size_t* bytes);
  Result (*ptx)(Program program, char* code);
  const char* (*error_string)(Result result);
  Result (*architecture_count)(int* count);
  Result (*architectures)(int* list);  // such as 75, 80, …
};

// Opens the library on first use; throws Failure("ERR_DEVICE") with the remedy where there is none.
const Functions& functions();
// The file that it came from.
std::string path();
// Throws Failure("ERR_DEVICE") that names the call.
void check(Result result, const char* what);

#ifdef FLAMBEAU_EMULATED
// For the emulated device: the C++ compiler. (emulation/fake_nvrtc.cc)
Functions fake_functions();
#endif

}  // namespace flambeau::cuda::nvrtc
