# Every figure of the report that is made in virtual time: the same bytes on every machine.
# `./sash figures` runs this page and real.sh beside it. A block can be run alone from the
# project's folder, with `lab` on the PATH. Blocks are separated by empty lines.

lab sweep --arq all --loss "0,5,10,20,30%" --delay 10ms --size 1MiB --seeds 5 \
    --link "data.rate=5mbit;ack.loss=0%" \
    --svg report/figures/loss_by_protocol.svg --csv report/figures/loss_by_protocol.csv \
    > report/figures/loss_by_protocol.txt

lab chart --kind sequence --arq all --size 100KiB \
    --link "seed=7;loss=5%;delay=20ms;data.rate=5mbit" \
    -o report/figures/segments_by_protocol.svg --csv report/figures/segments_by_protocol.csv

lab chart --kind goodput --arq all --size 256KiB \
    --link "seed=7;data.loss=5%;delay=10ms;data.rate=5mbit" \
    -o report/figures/goodput_by_protocol.svg --csv report/figures/goodput_by_protocol.csv

lab sweep --arq sack --congestion all --loss "0,5,10,20,30%" --delay 20ms \
    --size 4MiB --seeds 3 --link "data.rate=20mbit;data.queue=100kB" --log \
    --svg report/figures/loss_by_controller.svg --csv report/figures/loss_by_controller.csv \
    > report/figures/loss_by_controller.txt

lab chart --kind window --arq sack \
    --congestion "plus-one-minus-three,double-halve,additive,reno,cubic,bbr" \
    --size 8MiB --link "delay=20ms;data.rate=20mbit;data.queue=100kB" \
    -o report/figures/window_by_controller.svg --csv report/figures/window_by_controller.csv

lab chart --kind window --arq sack --halt receiver \
    --congestion "plus-one-minus-three,double-halve,additive,reno,cubic,bbr" \
    --size 8MiB --link "delay=20ms;data.rate=20mbit;data.queue=100kB" \
    -o report/figures/paused_at_half.svg --csv report/figures/paused_at_half.csv

lab chart --kind goodput --arq sack --congestion plus-one-minus-three \
    --halt receiver --size 8MiB --link "seed=1;loss=10%;delay=20ms;data.rate=20mbit" \
    -o report/figures/paused_under_loss.svg --csv report/figures/paused_under_loss.csv

lab race --size 256KiB --link "seed=7;loss=5%;delay=10ms" --svg report/figures/race.svg

lab ladder --arq stop-and-wait --size 700 --segment 100 --link "delay=50ms;drop=d2.1" \
    --svg report/figures/ladder_stop_and_wait.svg

lab ladder --arq go-back-n --window 4 --size 700 --segment 100 --from 140 --to 600 \
    --link "delay=50ms;drop=d2.1" --svg report/figures/ladder_go_back_n.svg

lab ladder --arq selective-repeat --window 4 --size 700 --segment 100 \
    --link "delay=50ms;drop=d2.1" --svg report/figures/ladder_selective_repeat.svg

lab ladder --arq sack --window 4 --size 700 --segment 100 \
    --link "delay=50ms;drop=d2.1" --svg report/figures/ladder_sack.svg

lab run --arq selective-repeat --window 4 --size 700 --segment 100 \
    --link "delay=50ms;drop=d2.1" --journal target/journals/short

lab replay target/journals/short/selective-repeat.jsonl --at 300 \
    --svg report/figures/strip_selective_repeat.svg

lab run --arq sack --size 1MiB --link "seed=7;loss=5%;delay=10ms" \
    --journal target/journals/long

lab replay target/journals/long/sack.jsonl --at 600 \
    --svg report/figures/strip_long.svg

lab ladder --arq selective-repeat --window 4 --size 200 --segment 100 \
    --link "delay=50ms;drop=y0.1,a0.1" --svg report/figures/ladder_opening.svg

lab ladder --arq selective-repeat --window 4 --size 200 --segment 100 \
    --link "delay=50ms;drop=f0.1,g0.1" --svg report/figures/ladder_ending.svg

lab ladder --arq sack --congestion reno --window 8 --size 500 --segment 100 \
    --link "delay=50ms;drop=d3.1" --svg report/figures/ladder_early_fin.svg
