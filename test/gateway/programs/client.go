// Uses a gateway as the Go client of InfluxDB 1.x does: creates, writes, reads, and drops.
package main

import (
	"fmt"
	"os"
	"time"

	client "github.com/influxdata/influxdb1-client/v2"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func main() {
	c, err := client.NewHTTPClient(client.HTTPConfig{Addr: os.Args[1], Timeout: 5 * time.Second})
	check(err)
	defer c.Close()
	_, version, err := c.Ping(time.Second)
	check(err)
	fmt.Println("version", version != "")
	ask := func(text string) []client.Result {
		response, err := c.Query(client.NewQuery(text, "x", "ns"))
		check(err)
		if response.Error() != nil {
			fmt.Println("refused:", response.Error())
			return nil
		}
		return response.Results
	}
	ask("CREATE DATABASE x")
	ask("CREATE RETENTION POLICY p ON x DURATION 2d REPLICATION 1 DEFAULT")
	ask("CREATE USER u WITH PASSWORD 'secret'")
	points, err := client.NewBatchPoints(client.BatchPointsConfig{Database: "x"})
	check(err)
	point, err := client.NewPoint("m", nil, map[string]interface{}{"v": 1.5}, time.Now())
	check(err)
	points.AddPoint(point)
	check(c.Write(points))
	fmt.Println(ask("SELECT v FROM m")[0].Series[0].Values[0][1])
	fmt.Println(ask("SHOW USERS")[0].Series[0].Values)
	ask("DROP USER nobody")
	response, err := c.QueryAsChunk(client.NewQuery("CREATE DATABASE y; SHOW DATABASES", "", ""))
	check(err)
	for {
		chunk, err := response.NextResponse()
		if err != nil {
			break
		}
		check(chunk.Error())
		for _, result := range chunk.Results {
			fmt.Println(result.StatementId, len(result.Series))
		}
	}
	ask("DROP DATABASE y")
	ask("DROP DATABASE x")
	fmt.Println(len(ask("SHOW DATABASES")[0].Series[0].Values))
}
