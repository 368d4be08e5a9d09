#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace retrace::results {

/// A call of the HDF5 library failed. The message is one line: what was attempted, and the library's own words.
class H5Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws H5Error with "<what>: <the library's error stack>".
[[noreturn]] void throw_h5_error(std::string_view what);

/// Return values of the library are negative on failure; passes others through.
template <class Result>
Result h5_check(Result result, std::string_view what) {
  if (result < 0) throw_h5_error(what);
  return result;
}

/// Keeps the library from printing its error stack while this object lives; the former handler returns afterwards.
class H5Silence {
 public:
  H5Silence() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~H5Silence() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  H5Silence(H5Silence const&) = delete;
  H5Silence& operator=(H5Silence const&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Owns an HDF5 id: checked when taken, moved but not copied, given to `Close` at the end.
template <auto Close>
class H5Handle {
 public:
  /// Throws H5Error naming `what` when `id` says that the call which made it failed.
  H5Handle(hid_t id, std::string_view what) : id_(h5_check(id, what)) {}
  H5Handle(H5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  H5Handle& operator=(H5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  H5Handle(H5Handle const&) = delete;
  H5Handle& operator=(H5Handle const&) = delete;
  ~H5Handle() {
    if (id_ >= 0) Close(id_);
  }

  [[nodiscard]] hid_t get() const { return id_; }
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): an id with an owner

  /// Closes now and throws H5Error when that fails, which a destructor cannot.
  void close(std::string_view what) { h5_check(Close(std::exchange(id_, H5I_INVALID_HID)), what); }

 private:
  hid_t id_;
};

using H5File = H5Handle<&H5Fclose>;
using H5Group = H5Handle<&H5Gclose>;
using H5Dataset = H5Handle<&H5Dclose>;
using H5Space = H5Handle<&H5Sclose>;
using H5Type = H5Handle<&H5Tclose>;
using H5Attribute = H5Handle<&H5Aclose>;
using H5Properties = H5Handle<&H5Pclose>;

}  // namespace retrace::results
