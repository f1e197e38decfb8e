# The front door of Sash on Windows, with the words of ./sash on other systems.
#
#   powershell -ExecutionPolicy Bypass -File sash.ps1 demo     see it work
#   powershell -ExecutionPolicy Bypass -File sash.ps1 help     everything else
#
# PowerShell 5 or later; works from any folder, and file names count from the caller's.
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$bin = Join-Path $root 'target\release'

function Show-Help {
    @'
Sash: a chat room, and files over UDP made reliable in four ways.

  powershell -ExecutionPolicy Bypass -File sash.ps1 COMMAND

  demo      a server and two clients that talk
  test      format, lints and the tests of the library

  server    serve files\ on port 50000              server --help
  client    the window, or a terminal with --text   client --help
  lab       two machines and a link, no sockets     lab --help
  help      this page

Examples
  powershell -ExecutionPolicy Bypass -File sash.ps1 server --link "seed=7;loss=10%;delay=20ms"
  powershell -ExecutionPolicy Bypass -File sash.ps1 client --text --server localhost --name dana
'@
}

function Stop-WithReason([string]$reason) {
    [Console]::Error.WriteLine("sash: $reason")
    exit 1
}

# Has a program of Windows been run well? PowerShell does not ask by itself.
function Invoke-Checked([string]$what, [string]$program, [string[]]$words) {
    & $program @words
    if ($LASTEXITCODE -ne 0) { Stop-WithReason "$what failed; the reason is above." }
}

# Runs cargo in Sash's folder. The caller stays in their own, where relative names lead.
function Invoke-Cargo([string]$what, [string[]]$words) {
    Push-Location $root
    try { Invoke-Checked $what cargo $words }
    finally { Pop-Location }
}

function Find-Rust {
    if (-not (Get-Command cargo -ErrorAction SilentlyContinue)) {
        Stop-WithReason 'no Rust here. Get it from https://rustup.rs, then call me again.'
    }
}

# With the window where its build tools are, else for the terminal alone.
function Build-Programs {
    Find-Rust
    $words = @('build', '--quiet', '--release', '--bins')
    if (-not (Get-Command cmake -ErrorAction SilentlyContinue)) {
        Write-Output ('No CMake here, so the client is built for the terminal alone. For the ' +
            'window install CMake and the C++ tools of Visual Studio.')
        $words += '--no-default-features'
        $script:terminal = $true
    }
    if (-not (Test-Path (Join-Path $bin 'client.exe'))) {
        Write-Output 'Building Sash: the first time takes two or three minutes.'
    }
    Invoke-Cargo 'the build' $words
}

# Starts a server on a port that the system picks; sets $script:address.
function Start-Server {
    $said = New-TemporaryFile
    $script:server = Start-Process (Join-Path $bin 'server.exe') -NoNewWindow -PassThru `
        -RedirectStandardOutput $said `
        -ArgumentList '--bind', '127.0.0.1:0', '--files', "`"$root\files`""
    for ($tries = 0; $tries -lt 100; $tries++) {
        $line = Get-Content $said | Where-Object { $_ -like 'listening on *' } |
            Select-Object -First 1
        if ($line) {
            $script:address = $line -replace '^listening on ', ''
            return
        }
        Start-Sleep -Milliseconds 100
    }
    Stop-WithReason 'the server did not start; its words are above.'
}

function Start-Demo {
    Build-Programs
    Start-Server
    $client = Join-Path $bin 'client.exe'
    $downloads = Join-Path $root 'downloads'
    try {
        if ($script:terminal) {
            Invoke-Checked 'the client' $client @('--server', $script:address, '--name', 'guy',
                '--out', $downloads, '--exec', 'hello', '--exec', '/files',
                '--exec', '/download story.txt --arq go-back-n')
            Write-Output "All went well: story.txt is in $downloads."
            return
        }
        Write-Output "Server on $script:address. Two windows open: dana and guy."
        Write-Output "Close both to end. Downloads go to $downloads."
        $windows = 'dana', 'guy' | ForEach-Object {
            Start-Process $client -PassThru -NoNewWindow -ArgumentList '--server',
                $script:address, '--name', $_, '--out', "`"$downloads`""
        }
        $windows | Wait-Process
    }
    finally {
        $script:server | Stop-Process -ErrorAction SilentlyContinue
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

$command = if ($args.Count) { $args[0] } else { 'help' }
$words = @($args | Select-Object -Skip 1)
switch ($command) {
    'demo' { Start-Demo }
    'test' { Test-All }
    { $_ -in 'server', 'client', 'lab' } {
        Build-Programs
        if ($command -eq 'server' -and -not ($words -like '--files*')) {
            $words = @('--files', (Join-Path $root 'files')) + $words
        }
        & (Join-Path $bin "$command.exe") @words
        exit $LASTEXITCODE
    }
    { $_ -in 'help', '-h', '--help' } { Show-Help }
    default {
        [Console]::Error.WriteLine("sash: no command `"$command`"; these are there:")
        Show-Help
        exit 2
    }
}
