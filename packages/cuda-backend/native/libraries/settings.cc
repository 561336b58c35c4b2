#include "settings.h"

namespace flambeau::cuda {

LibrarySettings& library_settings() {
  static LibrarySettings settings;
  return settings;
}

ConvolutionCounts& convolution_counts() {
  static ConvolutionCounts counts;
  return counts;
}

}  // namespace flambeau::cuda
