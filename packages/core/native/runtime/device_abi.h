/* The border between core's addon and the addon of a device, such as a GPU: plain C, so that the
 * two may come from different compilers. Core owns tensors, their shapes and their counts; a device
 * owns memory and kernels. Neither calls the other while it holds a lock.
 *
 * A function that fails returns something else than FLAMBEAU_OK; `error` of the side that failed
 * says why, to the thread that asked.
 */
#ifndef FLAMBEAU_DEVICE_ABI_H
#define FLAMBEAU_DEVICE_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLAMBEAU_DEVICE_ABI 2
#define FLAMBEAU_MAX_DEVICES 64 /* indices of all kinds together */

enum { FLAMBEAU_OK = 0, FLAMBEAU_FAILED = 1, FLAMBEAU_OUT_OF_MEMORY = 2 };

/* What a device says of a kernel and the types of a call. */
enum {
  FLAMBEAU_NO_KERNEL = 0,  /* it has none: the call fails */
  FLAMBEAU_WIDE_TYPES = 1, /* call it with float32 and int32 in place of the narrow types */
  FLAMBEAU_ANY_TYPES = 2,  /* call it as it is */
  FLAMBEAU_ON_THE_HOST = 3 /* the processor's kernel does it, on copies */
};

/* A strided view of memory. Strides count elements and are never negative; they may be zero. */
typedef struct FlambeauTensor {
  void* data;          /* the first element */
  const void* storage; /* the same for tensors that share memory */
  int64_t storage_bytes;
  const int64_t* sizes;   /* ndim of them */
  const int64_t* strides; /* ndim of them */
  int32_t ndim;
  int32_t dtype; /* the codes of tensor.h: float32, float64, int64, int32, uint8, bool, … */
} FlambeauTensor;

typedef struct FlambeauInput {
  FlambeauTensor tensor; /* of a number: the value in host memory, in `dtype`, without axes */
  double value;          /* of a number: as it was given */
  int32_t given;         /* 0: an optional input that was left out */
  int32_t is_number;     /* a plain number, or a tensor without axes in the processor's memory */
} FlambeauInput;

typedef struct FlambeauOutput {
  const int64_t* sizes;
  int32_t ndim;
  int32_t dtype;
  int32_t stored_dtype; /* what `dtype` will be stored as: differs for FLAMBEAU_WIDE_TYPES */
  int32_t in_place;     /* there is a target, whose strides `output` of the host tells */
} FlambeauOutput;

typedef struct FlambeauCall {
  void* host; /* core's own */
  const FlambeauInput* inputs;
  const FlambeauOutput* outputs;
  const double* params;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_params;
  int32_t index; /* of the device, among those of its kind */
} FlambeauCall;

/* What core offers to a kernel that runs. `host` is that of the call. */
typedef struct FlambeauHost {
  int32_t abi;
  /* Output `i`: allocated on first use with these strides (null: row-major), in a storage of so
   * many elements (0: as many as the shape has); or the target, with its own strides. */
  int (*output)(void* host, int32_t i, const int64_t* strides, int64_t elements,
                FlambeauTensor* tensor);
  /* Scratch memory that dies with the call. */
  int (*temporary)(void* host, size_t bytes, void** data);
  /* The place of a generator in its Philox stream, which moves on by `count` counters of 128 bits.
   */
  int (*draw)(void* host, int32_t generator, uint64_t count, uint64_t* seed, uint64_t* offset);
  /* The last failure of a function above, as `code` (ERR_…) and text. */
  const char* (*error)(void* host, const char** code);
  /* Gives back the memory of tensors that this thread has no way to reach any more, young ones at
   * least. For devices that put work off, in `launch`, `copy`, `fill` and `transfer`, or when
   * nothing of the device runs. */
  void (*collect)(void);
} FlambeauHost;

/* What a device offers to core. Functions may be called from any thread. */
typedef struct FlambeauDevice {
  int32_t abi;
  int32_t count;    /* devices of this kind: their indices are 0 … count - 1 */
  const char* name; /* 'cuda' */

  /* Called once, with the names of all kernels; a kernel's number is its place among them. */
  int (*connect)(const FlambeauHost* host, const char* const* kernels, int32_t count);

  int (*allocate)(int32_t index, size_t bytes, void** data);
  /* Work that was begun on the memory may still be under way: a device reuses it in order. */
  void (*deallocate)(int32_t index, void* data);

  /* What it can do with this call; called before `launch`. */
  int (*knows)(int32_t kernel, const FlambeauCall* call);
  int (*launch)(int32_t kernel, const FlambeauCall* call);

  /* to = from, both in the memory of device `index`: converts, broadcasts, any strides. */
  int (*copy)(int32_t index, const FlambeauTensor* to, const FlambeauTensor* from);
  /* to = value, converted as a cast does. */
  int (*fill)(int32_t index, const FlambeauTensor* to, double value);
  /* Bytes from one place to another; index -1 is the processor's memory. When it returns, `from`
   * may be changed, and what is in the processor's memory has arrived. */
  int (*transfer)(void* to, int32_t to_index, const void* from, int32_t from_index, size_t bytes);
  /* Waits for everything that was begun. */
  int (*synchronize)(int32_t index);

  /* The last failure of a function above on this thread, as `code` (ERR_…) and text. */
  const char* (*error)(const char** code);
} FlambeauDevice;

#ifdef __cplusplus
}
#endif

#endif
