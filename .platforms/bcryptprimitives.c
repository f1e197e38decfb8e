/* For tests under wine 8, which lacks this DLL: the one function of it that Rust's standard
   library calls. RtlGenRandom is SystemFunction036 of advapi32. Later wines need none. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
