#include "settings.h"

namespace flambeau::cuda {

LibrarySettings& library_settings() {
  static LibrarySettings settings;
  return settings;
}

}  // namespace flambeau::cuda
