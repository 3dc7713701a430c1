# Every third party is found here, once; nothing is ever downloaded.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(TBB REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(CLI11 REQUIRED)
# Debian's dnnl-config.cmake asks for OpenCL's headers, which nobody here needs.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(tvr_onednn INTERFACE)
target_include_directories(tvr_onednn SYSTEM INTERFACE ${DNNL_INCLUDE_DIR})
target_link_libraries(tvr_onednn INTERFACE ${DNNL_LIBRARY} OpenMP::OpenMP_CXX)

pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET libavformat libavcodec libavfilter libswscale libavutil)
pkg_check_modules(FASTTEXT REQUIRED IMPORTED_TARGET fasttext)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)

# TorchConfig.cmake writes its own flags into CMAKE_CXX_FLAGS and asks for CUDA: keep both out of everybody else's way.
set(tvr_saved_cxx_flags "${CMAKE_CXX_FLAGS}")
find_package(Torch REQUIRED)
set(CMAKE_CXX_FLAGS "${tvr_saved_cxx_flags}")

# PyTorch 2.1 and later do not compile as C++14 or older, 2.11 not as C++17 with every compiler; the code is C++17.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

if("${TORCH_CXX_FLAGS}" MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "The LibTorch in ${Torch_DIR} has the C++ ABI of before GCC 5, all other libraries have today's: "
                      "take a 'cxx11 ABI' build of it, or PyTorch 2.6 or later")
endif()

# Torch by an interface target of ours: its headers as system headers (their warnings are not ours).
add_library(tvr_torch INTERFACE)
target_include_directories(tvr_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(tvr_torch INTERFACE ${TORCH_LIBRARIES})
separate_arguments(tvr_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(tvr_torch INTERFACE ${tvr_torch_flags})

add_library(tvr_opencv INTERFACE)
target_include_directories(tvr_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
target_link_libraries(tvr_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)
