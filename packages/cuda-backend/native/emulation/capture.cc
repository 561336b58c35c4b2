// Captures: what streams record instead of doing it, and what must not be
// called meanwhile.
#include <algorithm>

#include "state.h"

namespace flambeau::cuda::emulation {
namespace {

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;
uint64_t next_capture = 1;

}  // namespace

std::vector<std::shared_ptr<Capture>>& captures() {
  static std::vector<std::shared_ptr<Capture>> under_way;
  return under_way;
}

void spoil(Capture& capture) { capture.valid = false; }

void merge(Clock& into, const Clock& from) {
  for (const auto& [stream, count] : from) into[stream] = std::max(into[stream], count);
}

cudaError_t refuse_capture(CUstream_st* stream) {
  if (stream->capture) {
    spoil(*stream->capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  if (!stream->legacy) return cudaSuccess;
  for (const auto& capture : captures()) {
    if (capture->origin->device != stream->device) continue;
    if (capture->origin->flags & cudaStreamNonBlocking) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureImplicit);
  }
  return cudaSuccess;
}

cudaError_t outside_capture() {
  if (thread_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  for (const auto& capture : captures()) {
    const bool own = capture->thread == std::this_thread::get_id();
    const bool forbids = (capture->mode == cudaStreamCaptureModeGlobal &&
                          (own || thread_mode == cudaStreamCaptureModeGlobal)) ||
                         (capture->mode == cudaStreamCaptureModeThreadLocal && own);
    if (!forbids) continue;
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnsupported);
  }
  return cudaSuccess;
}

}  // namespace flambeau::cuda::emulation

using namespace flambeau::cuda::emulation;

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Guard guard(lock());
  if (const cudaError_t error = usable()) return error;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  if (self->legacy) return failed(cudaErrorStreamCaptureUnsupported);
  if (self->capture) return failed(cudaErrorInvalidValue);
  auto capture = std::make_shared<Capture>();
  capture->id = next_capture++;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = self;
  capture->clocks[self] = {};
  self->capture = capture;
  captures().push_back(capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Guard guard(lock());
  *graph = nullptr;
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  const auto capture = self->capture;
  if (!capture) return failed(cudaErrorInvalidValue);
  if (capture->origin != self) {
    spoil(*capture);
    return failed(cudaErrorStreamCaptureUnmatched);
  }
  if (capture->mode != cudaStreamCaptureModeRelaxed &&
      capture->thread != std::this_thread::get_id())
    return failed(cudaErrorStreamCaptureWrongThread);
  bool joined = true;
  for (const auto& [other, clock] : capture->clocks) {
    const auto own = clock.find(other);
    const int nodes = own == clock.end() ? 0 : own->second;
    if (other != self && capture->clocks[self][other] < nodes) joined = false;
  }
  for (CUstream_st* other : streams())
    if (other->capture == capture) other->capture = nullptr;
  for (CUevent_st* event : events())
    if (event->capture == capture) event->clock.clear();
  captures().erase(std::find(captures().begin(), captures().end(), capture));
  if (!capture->valid) return failed(cudaErrorStreamCaptureInvalidated);
  spoil(*capture);  // for events that were recorded in it
  if (!joined) return failed(cudaErrorStreamCaptureUnjoined);
  auto* made = new CUgraph_st;
  made->nodes = std::move(capture->nodes);
  *graph = made;
  return cudaSuccess;
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph) {
  const Guard guard(lock());
  CUstream_st* self = stream_of(stream);
  if (!self) return failed(cudaErrorInvalidResourceHandle);
  *status = !self->capture         ? cudaStreamCaptureStatusNone
            : self->capture->valid ? cudaStreamCaptureStatusActive
                                   : cudaStreamCaptureStatusInvalidated;
  if (self->capture && id) *id = self->capture->id;
  if (graph) *graph = nullptr;
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return cudaStreamGetCaptureInfo(stream, status);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(*mode, thread_mode);
  return cudaSuccess;
}
