# Glue is compiled for the reader's time rather than for the machine's: its big headers (flags, JSON, the test framework) are
# read once a target, and the optimiser stays short. Nothing that is measured in tests/bench lies in such a target.
function(tvr_precompile target)
  target_precompile_headers(${target} PRIVATE ${ARGN})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()
