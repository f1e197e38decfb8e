# What real sockets on loopback do, beside virtual time: numbers of one machine and one day,
# so no test compares them. `./sash figures` runs this page too; it takes some minutes.

lab sweep --real --arq all --loss "0,5,10,20,30%" --delay 10ms --size 128KiB --seeds 3 \
    --link "data.rate=5mbit" --svg report/figures/real_sockets.svg \
    > report/figures/real_sockets.txt

# The only figure that needs the compiler's full work.
cargo bench --quiet --bench speed -- --size 256MiB --rounds 5 --folder /dev/shm \
    --svg report/figures/speed.svg > report/figures/speed.txt
