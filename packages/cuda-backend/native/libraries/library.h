// A shared library of a vendor, opened when it is first needed.
#pragma once

#include <string>
#include <vector>

namespace flambeau::cuda {

class Library {
 public:
  // Opens the first of `files` that the loader knows or that lies in one of `folders`. `name` is
  // what people call the library, `remedy` a sentence that says how to get it; both are for the
  // Failure("ERR_DEVICE") that says where was looked.
  Library(const char* name, std::string remedy, const std::vector<std::string>& files,
          const std::vector<std::string>& folders);
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Sets `function` to what is exported as `symbol`; throws a Failure where nothing is.
  template <class F>
  void find(const char* symbol, F*& function) const {
    function = reinterpret_cast<F*>(address(symbol));
  }
  // The same, null where nothing is.
  template <class F>
  void find_if(const char* symbol, F*& function) const {
    function = reinterpret_cast<F*>(address_if(symbol));
  }
  // Opens a file that lies beside the library, for the library itself: it asks the loader for it by
  // name, and the loader then has it. Without effect where no such file is.
  void open_beside(const std::string& file) const;
  // The file that was opened.
  const std::string& path() const { return path_; }

 private:
  void* address(const char* symbol) const;
  void* address_if(const char* symbol) const;

  const char* name_;
  std::string remedy_;
  std::string path_;
  void* handle_ = nullptr;  // never closed: its threads may run until the process ends
};

// File names of versions of a library: lib<name>.so.13, … in the order to be tried. The newest of
// versions 12 and 13 that the driver serves comes first.
std::vector<std::string> toolkit_files(const std::string& name);
// What pip calls the wheel of a library for the driver of this machine: `name` with -cu12 for CUDA
// 12; later ones have a suffix only where `always`.
std::string wheel_of(const std::string& name, bool always = false);

}  // namespace flambeau::cuda
