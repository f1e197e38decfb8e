# The counterpart of ./sash on Windows, with the same commands.
#
#   powershell -ExecutionPolicy Bypass -File sash.ps1 demo     see Sash work
#   powershell -ExecutionPolicy Bypass -File sash.ps1 help     list all commands
#
# PowerShell 5.1 or later; works from any folder, and file names count from the caller's.
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$bin = Join-Path $root 'target\release'

function Show-Help {
    @'
Sash: a chat room, and a laboratory for reliable file transfer over UDP.

  powershell -ExecutionPolicy Bypass -File sash.ps1 COMMAND

  demo      start a server and two clients (windows, or text without CMake)
  test      check the format and the lints, and run the tests of the library

  server    offer the files in files\ on port 50000     server --help
  client    open a window, or use --text                client --help
  lab       simulate transfers without sockets          lab --help
  help      show this page

Examples
  powershell -ExecutionPolicy Bypass -File sash.ps1 server --link "seed=7;loss=10%;delay=20ms"
  powershell -ExecutionPolicy Bypass -File sash.ps1 client --text --server localhost --name dana

The lesson: download one file by --arq stop-and-wait, go-back-n, selective-repeat
and sack under the same --link, and compare the times.
'@
}

function Stop-WithReason([string]$reason) {
    [Console]::Error.WriteLine("sash: $reason")
    exit 1
}

# Ends the script if a program fails; PowerShell itself goes on.
function Invoke-Checked([string]$what, [string]$program, [string[]]$words) {
    & $program @words
    if ($LASTEXITCODE -ne 0) { Stop-WithReason "$what failed; the reason is above." }
}

# Runs cargo in Sash's folder. The caller stays in their own, where relative names lead.
function Invoke-Cargo([string]$what, [string[]]$words) {
    Push-Location -LiteralPath $root
    try { Invoke-Checked $what 'cargo' $words }
    finally { Pop-Location }
}

function Find-Rust {
    if (-not (Get-Command cargo -ErrorAction SilentlyContinue)) {
        Stop-WithReason ('Rust is not installed. Get it from https://rustup.rs, then run this ' +
            'script again.')
    }
}

# With the window if its build tools are installed, otherwise for the terminal alone.
function Build-Programs {
    Find-Rust
    $words = @('build', '--quiet', '--release', '--bins')
    if (-not (Get-Command cmake -ErrorAction SilentlyContinue)) {
        [Console]::Error.WriteLine('sash: CMake is not installed, so the client is built for ' +
            'the terminal alone. For the window install CMake and the C++ tools of Visual Studio.')
        $words += '--no-default-features'
        $script:terminal = $true
    }
    if (-not (Test-Path -LiteralPath (Join-Path $bin 'client.exe'))) {
        [Console]::Error.WriteLine('Building Sash: the first time takes two or three minutes.')
    }
    Invoke-Cargo 'the build' $words
}

# The big sample is too large to commit; it is made here, with the same bytes everywhere.
function New-LargeSample {
    $large = Join-Path $root 'files\large.bin'
    if (Test-Path -LiteralPath $large) { return }
    [Console]::Error.WriteLine('Making files\large.bin (10 MB).')
    $maker = Join-Path $root 'target\large.exe'
    Invoke-Checked 'making files\large.bin' 'rustc' @('--edition', '2024', '-O', '-o', $maker,
        (Join-Path $root 'examples\large.rs'))
    Invoke-Checked 'making files\large.bin' $maker @($large)
}

# Starts a server on a port that the system picks; sets $script:server and $script:address.
function Start-Server([string]$said) {
    $script:server = Start-Process (Join-Path $bin 'server.exe') -NoNewWindow -PassThru `
        -RedirectStandardOutput $said `
        -ArgumentList '--bind', '127.0.0.1:0', '--files', "`"$root\files`""
    for ($tries = 0; $tries -lt 100 -and -not $script:server.HasExited; $tries++) {
        $line = Get-Content -LiteralPath $said -ErrorAction SilentlyContinue | Where-Object { $_ -like 'listening on *' } |
            Select-Object -First 1
        if ($line) {
            $script:address = $line -replace '^listening on ', ''
            return
        }
        Start-Sleep -Milliseconds 100
    }
    Stop-WithReason 'the server did not start; its messages are above.'
}

function Start-Demo {
    Build-Programs
    New-LargeSample
    $client = Join-Path $bin 'client.exe'
    $downloads = Join-Path $root 'downloads'
    $said = [System.IO.Path]::GetTempFileName()
    try {
        Start-Server $said
        if ($script:terminal) {
            foreach ($arq in 'stop-and-wait', 'go-back-n', 'selective-repeat', 'sack') {
                Invoke-Checked 'the client' $client @('--server', $script:address, '--name',
                    'guy', '--out', $downloads, '--overwrite', 'replace', '--arq', $arq,
                    '--link', 'seed=7;loss=5%', '--exec', "/download story.txt")
            }
            Write-Output 'The demo succeeded.'
            return
        }
        Write-Output "The server is at $script:address. Two windows open: dana and guy."
        Write-Output "Close both to end. Downloads are saved in $downloads."
        $windows = 'dana', 'guy' | ForEach-Object {
            Start-Process $client -PassThru -NoNewWindow -ArgumentList '--server',
                $script:address, '--name', $_, '--out', "`"$downloads`""
        }
        $windows | Wait-Process
    }
    finally {
        if ($script:server) { $script:server | Stop-Process -ErrorAction SilentlyContinue }
        Remove-Item -LiteralPath $said -ErrorAction SilentlyContinue
    }
}

function Test-All {
    Find-Rust
    Invoke-Cargo 'format' @('fmt', '--check')
    Invoke-Cargo 'lints' @('clippy', '--quiet', '--no-default-features', '--lib',
        '--bins', '--', '-D', 'warnings')
    Invoke-Cargo 'tests' @('test', '--no-default-features', '--lib')
    Write-Output 'All checks passed.'
}

# Before PowerShell 7.3 a quotation mark inside an argument is lost unless it is escaped:
# --exec '/download "lecture 3.mp4"'.
function Protect-Quotes([string[]]$words) {
    if ($PSVersionTable.PSVersion -ge [version]'7.3') { return $words }
    $words -replace '(\\*)"', '$1$1\"'
}

$command = if ($args.Count) { $args[0] } else { 'help' }
$words = @($args | Select-Object -Skip 1)
switch ($command) {
    'demo' { Start-Demo }
    'test' { Test-All }
    { $_ -in 'server', 'client', 'lab' } {
        Build-Programs
        if ($command -eq 'server') {
            New-LargeSample
            if (-not ($words -like '--files*')) {
                $words = @('--files', (Join-Path $root 'files')) + $words
            }
        }
        $words = @(Protect-Quotes $words)
        & (Join-Path $bin "$command.exe") @words
        exit $LASTEXITCODE
    }
    { $_ -in 'help', '-h', '--help' } { Show-Help }
    default {
        [Console]::Error.WriteLine("sash: unknown command `"$command`". The commands are:")
        Show-Help
        exit 2
    }
}
